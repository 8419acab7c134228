#include "listener.h"

namespace millrace {

namespace {

void release(napi_env env, napi_ref& function) {
  if (function != nullptr) napi_delete_reference(env, std::exchange(function, nullptr));
}

}  // namespace

Listener::Listener(napi_env env, std::shared_ptr<JsQueue> js, napi_value function) : js_(std::move(js)) {
  napi_ref reference = nullptr;
  if (js::type_of(env, function) != napi_function) return;
  if (napi_create_reference(env, function, 1, &reference) != napi_ok) return;
  function_ = std::make_shared<napi_ref>(reference);
}

void Listener::tell(MakeEvent make) const {
  if (function_ == nullptr) return;
  js_->post([function = function_, make = std::move(make)](napi_env env) {
    if (*function == nullptr) return;
    napi_value listener = nullptr, event = make(env);
    napi_get_reference_value(env, *function, &listener);
    // What it throws is an uncaught exception, as from any event.
    napi_call_function(env, js::undefined(env), listener, 1, &event, nullptr);
  });
}

void Listener::stop() const {
  if (function_ != nullptr) js_->post([function = function_](napi_env env) { release(env, *function); });
}

void Listener::stop(napi_env env) const {
  if (function_ != nullptr) release(env, *function_);
}

}  // namespace millrace
