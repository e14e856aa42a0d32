"""The Streamlit cabinet: what clients see."""
