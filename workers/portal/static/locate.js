// Offers to mark where the browser is. Without this script, or without leave, the map and the address do.
const offer = document.getElementById("locate");
if (offer && "geolocation" in navigator) {
  offer.hidden = false;
  const button = offer.querySelector("button");
  button.addEventListener("click", (event) => {
    if (offer.querySelector("[name=lat]").value) return;
    event.preventDefault();
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      offer.querySelector("[name=lat]").value = coords.latitude;
      offer.querySelector("[name=lon]").value = coords.longitude;
      button.click();
    });
  });
}
