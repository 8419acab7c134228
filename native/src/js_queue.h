// The way back to the JavaScript thread: work that other threads post to it, and promises that they answer.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "failure.h"
#include "js.h"

namespace millrace {

class JsQueue : public std::enable_shared_from_this<JsQueue> {
 public:
  using Task = std::function<void(napi_env)>;

  /** On the JavaScript thread. The event loop is kept alive only while a promise is open. */
  static std::shared_ptr<JsQueue> create(napi_env env, const char* name);

  /** From any thread. The task is dropped if the JavaScript thread ends first. */
  void post(Task task);

  /** From any thread: nothing is posted afterwards. */
  void close();

  /** On the JavaScript thread: one more, one fewer promise is open. */
  void hold(napi_env env);
  void let_go(napi_env env);

  /** On the JavaScript thread: promises do not keep the event loop alive any more. */
  void let_go_of_all(napi_env env);

 private:
  std::mutex mutex_;
  bool closed_ = false;
  napi_threadsafe_function function_ = nullptr;
  int held_ = 0;
  bool holds_ = true;
};

/** A promise that is to be answered once, from any thread. One that is dropped unanswered is rejected: nobody waits for ever. */
class Answer {
 public:
  using Make = std::function<napi_value(napi_env)>;

  Answer() = default;
  /** On the JavaScript thread; `promise` receives the promise. */
  Answer(napi_env env, std::shared_ptr<JsQueue> queue, napi_value* promise);
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  Answer(Answer&& other) noexcept { *this = std::move(other); }
  Answer& operator=(Answer&& other) noexcept;
  ~Answer() { reject(Failure::closed()); }

  explicit operator bool() const { return deferred_ != nullptr; }

  /** `make` runs on the JavaScript thread. */
  void resolve(Make make);
  void resolve() { resolve(js::undefined); }
  void reject(Failure failure);
  /** Resolves with undefined, or rejects where there is a failure. */
  void settle(Failure failure) { failure ? reject(std::move(failure)) : resolve(); }

 private:
  std::shared_ptr<JsQueue> queue_;
  napi_deferred deferred_ = nullptr;
};

/** For callables that have to be copyable, as std::function wants them. */
using SharedAnswer = std::shared_ptr<Answer>;

}  // namespace millrace
