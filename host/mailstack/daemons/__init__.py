"""What units and bundles of the stack run: daemons behind sockets, and programs of a deployment."""
