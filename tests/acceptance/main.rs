//! What the product promises, told as stories. One file per part of the product.

mod architecture;
mod transport;
