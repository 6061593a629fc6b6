"""From rows to answers: estimators, figures, the page. Reads run folders, never engines."""
