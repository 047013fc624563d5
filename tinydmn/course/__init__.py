"""The course: exercises that a student checks in seconds, assignments that a teacher grades.

A student's file is run in a process of its own (session.py), which gets and returns arrays and sees
neither references nor seeds.
"""
