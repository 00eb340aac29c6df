#!/usr/bin/env python3
print("10.72.0.10")
