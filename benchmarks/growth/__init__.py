"""How cost grows: with arms, pulls, replications, pages, captions and workers."""
