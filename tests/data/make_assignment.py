#!/usr/bin/env python3
"""Prints the largest sum of an assignment of 200 rows to 200 columns by scipy, which tests/analysis/test_align.c holds basin_assign to.
The values are those of a linear congruence, so that both have the same; all sums are whole numbers below 2**53.
Made with scipy 1.17.1.

usage: make_assignment.py
"""
import numpy as np
from scipy.optimize import linear_sum_assignment

n, x, values = 200, 1, []
for _ in range(n * n):
    x = (x * 1103515245 + 12345) % 2147483648
    values.append(x)
values = np.array(values, dtype=float).reshape(n, n)
print(int(values[linear_sum_assignment(values, maximize=True)].sum()))
