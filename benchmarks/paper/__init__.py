"""The study of Warnecke et al. (2023) on linear models: ``python -m benchmarks.paper``.

Features are removed, or values of some rows are replaced; every method that the paper
compares, and ours, answers the same requests. What they leave (efficacy), how near they
come to retraining (fidelity, certification) and what they cost (efficiency) are one CSV
file each; figures and a Markdown summary are made from these.
"""
