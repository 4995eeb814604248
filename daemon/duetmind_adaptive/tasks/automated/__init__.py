"""The steps of an automated training: load, validate, split, preprocess, search or fit, evaluate, register.

Each is a function of what the steps before it returned, so that a workflow can keep every result and go on where it
stood. All are given the order as the same text of JSON, by which a kept result is known again.
"""
