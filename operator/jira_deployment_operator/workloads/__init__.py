"""One adapter per kind of workload: an object of the API server in, a frozen `Observation` out. Pure."""
