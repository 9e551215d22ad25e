EXTRA_DIST += docs/docs.mk
