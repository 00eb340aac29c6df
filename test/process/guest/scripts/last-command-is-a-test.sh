#!/bin/bash
touch marker
rm marker
[ -e marker ] && echo "still there"
