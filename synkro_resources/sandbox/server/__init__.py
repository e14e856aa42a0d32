"""The sandbox process: all invented vendors of all sandbox tenants on one loopback port."""
