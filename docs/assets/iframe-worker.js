// Search runs in a worker, and browsers start none from a file on disk. There a hidden frame takes its place.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.waiting = []
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.frame.title = "Search"
      document.body.append(this.frame)
      const inside = this.frame.contentWindow
      inside.postMessage = data => this.receive(data)
      inside.importScripts = (...urls) => urls.reduce((before, one) => before.then(() => this.load(one)), Promise.resolve())
      this.load(url).then(() => {
        this.ready = true
        this.waiting.splice(0).forEach(data => this.postMessage(data))
      })
    }
    load(url) {
      return new Promise((then, failed) => {
        const script = this.frame.contentDocument.createElement("script")
        script.src = String(url)
        script.onload = then
        script.onerror = failed
        this.frame.contentDocument.body.append(script)
      })
    }
    postMessage(data) {
      if (!this.ready) return void this.waiting.push(data)
      const Event = this.frame.contentWindow.MessageEvent
      this.frame.contentWindow.dispatchEvent(new Event("message", { data }))
    }
    receive(data) {
      const event = new MessageEvent("message", { data })
      this.dispatchEvent(event)
      if (this.onmessage) this.onmessage(event)
    }
    terminate() {
      this.frame.remove()
    }
  }
}
