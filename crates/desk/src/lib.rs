//! What can be done at the desk: one function is one business action in one transaction.
