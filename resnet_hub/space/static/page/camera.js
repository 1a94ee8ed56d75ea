// A photograph by the visitor's camera, which is on only while its window is open.

import { say } from "./words.js";

const part = (id) => document.getElementById(id);

export function useCamera(take) {
  const [dialog, video] = [part("camera-dialog"), part("video")];
  part("camera").onclick = async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      part("note").textContent = say("no_camera");
      return;
    }
    dialog.showModal();
  };
  dialog.onclose = () => {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
  };
  part("close-camera").onclick = () => dialog.close();
  part("shoot").onclick = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    if (!canvas.width) return;
    canvas.getContext("2d").drawImage(video, 0, 0);
    dialog.close();
    canvas.toBlob((blob) => take(blob), "image/png");
  };
}
