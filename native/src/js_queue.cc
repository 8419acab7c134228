#include "js_queue.h"

namespace millrace {

namespace {

void run(napi_env env, napi_value, void*, void* data) {
  std::unique_ptr<JsQueue::Task> task(static_cast<JsQueue::Task*>(data));
  if (env == nullptr) return;  // the thread is ending
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  (*task)(env);
  napi_close_handle_scope(env, scope);
}

}  // namespace

std::shared_ptr<JsQueue> JsQueue::create(napi_env env, const char* name) {
  auto queue = std::make_shared<JsQueue>();
  napi_create_threadsafe_function(env, nullptr, nullptr, js::string(env, name), 0, 1, nullptr, nullptr,
                                  nullptr, run, &queue->function_);
  napi_unref_threadsafe_function(env, queue->function_);
  return queue;
}

void JsQueue::post(Task task) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  auto* data = new Task(std::move(task));
  napi_status status = napi_call_threadsafe_function(function_, data, napi_tsfn_nonblocking);
  if (status == napi_ok) return;
  // It is closing, and by saying so has taken our only reference: it must not be touched again.
  closed_ = true;
  delete data;
}

void JsQueue::close() {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  closed_ = true;
  napi_release_threadsafe_function(function_, napi_tsfn_release);
}

void JsQueue::hold(napi_env env) {
  if (held_++ > 0 || !holds_) return;
  std::lock_guard lock(mutex_);
  if (!closed_) napi_ref_threadsafe_function(env, function_);
}

void JsQueue::let_go(napi_env env) {
  if (--held_ > 0 || !holds_) return;
  std::lock_guard lock(mutex_);
  if (!closed_) napi_unref_threadsafe_function(env, function_);
}

void JsQueue::let_go_of_all(napi_env env) {
  if (!std::exchange(holds_, false) || held_ == 0) return;
  std::lock_guard lock(mutex_);
  if (!closed_) napi_unref_threadsafe_function(env, function_);
}

Answer::Answer(napi_env env, std::shared_ptr<JsQueue> queue, napi_value* promise) : queue_(std::move(queue)) {
  napi_create_promise(env, &deferred_, promise);
  queue_->hold(env);
}

Answer& Answer::operator=(Answer&& other) noexcept {
  if (this == &other) return *this;
  reject(Failure::closed());
  queue_ = std::move(other.queue_);
  deferred_ = std::exchange(other.deferred_, nullptr);
  return *this;
}

void Answer::resolve(Make make) {
  if (deferred_ == nullptr) return;
  auto queue = queue_;
  queue_->post([queue, deferred = std::exchange(deferred_, nullptr), make = std::move(make)](napi_env env) {
    napi_resolve_deferred(env, deferred, make(env));
    queue->let_go(env);
  });
}

void Answer::reject(Failure failure) {
  if (deferred_ == nullptr) return;
  auto queue = queue_;
  queue_->post(
      [queue, deferred = std::exchange(deferred_, nullptr), failure = std::move(failure)](napi_env env) {
        napi_reject_deferred(env, deferred, failure.error(env));
        queue->let_go(env);
      });
}

}  // namespace millrace
