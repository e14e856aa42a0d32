"""Pure rules that both the assets and the cabinet apply."""
