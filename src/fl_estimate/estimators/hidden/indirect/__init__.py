"""Indirect questions: list experiments, randomised response and crosswise questions, with regression."""
