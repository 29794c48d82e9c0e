"""Power that fails before any call of the product's own journal code, on a disk in memory, over every sample slide.

scenarios   what the product asks of its journal for each sample: files, patches, names
explore     every moment of the edit, and of the recovery, and what may be left there
verdict     what must never be found, told by other means than the code under test
mutants     the protocol, broken on purpose: each must be noticed
trust       the part of the trust table
"""
