#!/bin/bash
shopt -s expand_aliases nullglob
alias ll='ls -1' quietly='>/dev/null 2>&1'
touch a b
ll
if ll /nonexistent 2>/dev/null; then echo yes; else echo no; fi
for f in *.none; do echo "$f"; done
