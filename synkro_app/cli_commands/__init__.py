"""The sub-commands of `synkro`, imported only when they are called."""
