package main

// watch is for the program with the SDK.
func watch() {}
