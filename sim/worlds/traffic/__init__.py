"""The traffic world: pages, caption banks, audiences, prices, seasons, delays."""
