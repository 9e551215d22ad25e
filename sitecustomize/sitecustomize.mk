EXTRA_DIST += sitecustomize/sitecustomize.mk sitecustomize/README.md
