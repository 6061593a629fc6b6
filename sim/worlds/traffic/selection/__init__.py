"""Which captions a page sends: ranking, filling, composite score."""
