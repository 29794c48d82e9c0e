"""Power failures, kills and errors, made of the system calls that real runs make.

`scripts/trust storage`, `kills`, `errors` and `protocol` run them.

layer       stands between Python and the system: records calls, kills before one, lets one fail
events      what a call did to a disk
model       a disk that forgets: every state in which a power failure may leave it
stage       puts such a state on a real folder, under the same inodes, and runs the command line on it
truth       holds what was said, and the exit code, against the bytes
scenes      slides of eight formats, in place, renamed and copied
power, killed, struck
            the experiments
broken      the protocol, broken on purpose
table       what the experiments print
"""
