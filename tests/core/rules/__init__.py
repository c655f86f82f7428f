"""What rules mean, how they are written and read, and that many at once are found like one by one."""
