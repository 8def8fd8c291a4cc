# Unpacks a case: awk -v dir=DIR -f case.awk FILE.case. A line "-- PATH --"
# begins a file of DIR ("-- PATH/ --" makes a directory), what stands before the
# first one goes to DIR/head. Every file ends with a newline.
function begin(path) {
	file = dir "/" path
	if (path ~ /\/$/) {
		system("mkdir -p '" file "'")
		file = "/dev/null"
		return
	}
	parent = file
	sub(/\/[^\/]*$/, "", parent)
	if (!(parent in made))
		system("mkdir -p '" parent "'")
	made[parent] = 1
	printf "" > file
}
BEGIN { begin("head") }
/^-- .* --$/ {
	if (file != "/dev/null")
		close(file)
	begin(substr($0, 4, length($0) - 6))
	next
}
{ print > file }
