"""`python -m faults.alone GROUP NAME`: the lost network, in a namespace that somebody has made for it."""

from faults.patience import hurry

hurry()  # before the product is imported: its clients keep the pauses they know at their definition

from faults.machine import main

if __name__ == "__main__":
    main()
