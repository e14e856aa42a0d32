"""What people use: command line, server, cabinet, operations."""
