import time, signal
def test_x(start, captioned, run, tmp_path):
    from pathlib import Path
    for k in range(3):
        t=time.time()
        r = start("train", "/work/main/configs/embedded.yaml", f"data.collection={captioned}", "training.max_epochs=60","training.batch_size=4","training.save_every_s=0", "--name","p","--runs",tmp_path)
        r.wait_for(tmp_path/"p"/"resume.pt"); print(time.time()-t)
        time.sleep(.3)
        s={0:signal.SIGINT,1:signal.SIGTERM,2:signal.SIGKILL}[k]
        print(r.stop(s), time.time()-t, r.log.read_text())
