"""What the end-to-end tests stand on: the gateway as a process, raw clients, raw upstreams.

Nothing in here knows how Isthmus is built. It is driven the way its users drive it: arguments,
files, signals and sockets.
"""
