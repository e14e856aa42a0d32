"""What the assets and the cabinet talk to: the model, rules, control database, lake and integrations."""
