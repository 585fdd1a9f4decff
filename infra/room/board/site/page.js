/** Shows the newest board every two seconds. */
function start() {
  follow(2000);
}
