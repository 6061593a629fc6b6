"""Where blocks are simulated: in this process, in spawned workers, on a cluster."""
