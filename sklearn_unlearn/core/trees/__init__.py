"""Decision trees as pure functions of a set of named rows.

A node is decided by the rows in it, its path, and hashes of their names, and by nothing
else: not by the order of rows, not by rows that have left. So the trees after a request
are those of a fit on the rows that remain, and a request evaluates only the nodes that
its rows pass.
"""
