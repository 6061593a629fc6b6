"""What the update job counts: labels, the watermark count, the deployed recount."""
