// A function of JavaScript's that hears of events from another thread.
#pragma once

#include <memory>

#include "client_events.h"
#include "js_queue.h"

namespace millrace {

class Listener {
 public:
  /** On the JavaScript thread. Without a function nothing is told. */
  Listener(napi_env env, std::shared_ptr<JsQueue> js, napi_value function);

  /** From any thread. */
  void tell(MakeEvent make) const;

  /** From any thread: nothing more will be told, and JavaScript may collect the function. */
  void stop() const;

  /** On the JavaScript thread: at once. */
  void stop(napi_env env) const;

 private:
  std::shared_ptr<JsQueue> js_;
  /** Looked into on the JavaScript thread alone; null where there is no function. */
  std::shared_ptr<napi_ref> function_;
};

}  // namespace millrace
