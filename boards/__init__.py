"""What knows a vendor or a board: devices, variants of multiplier and block RAM, place and route, tops."""
