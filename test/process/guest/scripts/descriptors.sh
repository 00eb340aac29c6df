#!/bin/bash
exec 3>&1 4>&2 >out 2>err
echo to file
echo to error >&2
ls /nonexistent
exec 1>&3 2>&4 3>&- 4>&-
echo back
exec {own}>own
echo mine >&"$own"
exec {own}>&-
