"""What goes to the client's Supabase."""
