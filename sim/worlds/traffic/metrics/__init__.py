"""What is measured beside the rewards: regret, lock-outs, allocation, the deployed loop."""
