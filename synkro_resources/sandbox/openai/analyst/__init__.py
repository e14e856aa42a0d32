"""The invented model's analysis of a dialog: rules over the Russian text of the request, and nothing else."""
