"""Estimators, figures, the decision and the report. Reads run folders, never engines."""
