-- Nothing of its own: the versions of the configuration are counted.
select versions from steering;
