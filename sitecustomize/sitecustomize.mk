EXTRA_DIST += sitecustomize/sitecustomize.mk
