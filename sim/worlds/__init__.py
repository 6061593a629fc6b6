"""The worlds: what captions are worth, and how much of it policies are told, and when."""
