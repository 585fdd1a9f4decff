/** Shows what is saved in either folder within a second. */
function start() {
  follow(1000);
}
