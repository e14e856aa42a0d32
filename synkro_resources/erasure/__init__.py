"""Taking data out of the product: a tenant or a person erased, old days dropped, a tenant's tables handed out.

Nothing here reads a vendor. Each deed can be repeated after a crash and then ends as if it had not been interrupted.
"""
