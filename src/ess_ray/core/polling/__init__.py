"""Polling: the state machine between clock, connection and samples, without socket or clock of its own.

cadence     when a device ticks              connection  one connection and its devices: polls, deadlines
devices     a device behind a connection     exchange    requests in flight and their replies
poll        one tick: requests to sample     pipeline    several requests in flight together
parking     illegal registers                framing     bytes on the wire: what a framing promises
missing     registers that were not read     framings    the framings by name: tcp_framing, rtu_framing
frozen      registers that stand still       timers, openings  what the loop needs for thousands of connections
counts      numbers for the metrics          transport   what a connection needs of a socket
"""
