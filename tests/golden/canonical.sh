#!/bin/sh
# Library, examples and test circuits are in the form that ctx fmt gives. $1: build folder, $2: scratch folder.
exec "$1/ctx" fmt --check stdlib/*.ctx examples/*.ctx tests/numeric/library/*.ctx
