"""What a language model adds: labels and sentences, never numbers."""
