"""What a sweep says: the decision in each cell, and how robust it is.

cells.py   the results of one cell      robustness.py   the decision over all cells
table.py   the table of all results     text.py, data.py   sentences, JSON     report.py   the page
"""
